// Runs the app's command in a task, and restarts it at SIGHUP. The task keeps running when the command exits: the
// next change restarts it.
const { spawn } = require('node:child_process');

const [command, ...args] = process.argv.slice(1);
const { NODE_ON_ECS_NODE_OPTIONS: options, ...env } = process.env;
if (options) env.NODE_OPTIONS = options;

let child;
let killed = false;
let ending = false;
const say = (text) => console.error(`[dev] ${text}`);
const runs = () => child?.pid !== undefined && child.exitCode === null && child.signalCode === null;

const start = () => {
  child = spawn(command, args, { stdio: 'inherit', detached: true, env });
  child.on('error', (error) => say(`ended: ${command} cannot be started: ${error.message}`));
  child.on('exit', (code, signal) => {
    if (ending) process.exit(code ?? 1);
    if (killed) return restart();
    say(`ended ${signal ? `by ${signal}` : `with exit code ${code}`}; the next change starts it again`);
  });
};

const restart = () => {
  killed = false;
  start();
  say('restarted');
};

process.on('SIGHUP', () => {
  if (killed) return;
  if (!runs()) return restart();
  killed = true;
  // The whole process group.
  process.kill(-child.pid, 'SIGKILL');
});

for (const signal of ['SIGTERM', 'SIGINT', 'SIGQUIT']) {
  process.on(signal, () => {
    ending = true;
    if (!runs()) process.exit(0);
    process.kill(child.pid, signal);
  });
}

// Without a timer, Node would exit together with the command.
setInterval(() => {}, 2 ** 30);
start();
