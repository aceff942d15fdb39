import express from 'express';

const app = express();
app.get('/', (request, response) => response.send('Hello!\n'));
app.get('/hello/:name', (request, response) => response.json({ hello: request.params.name }));
app.get('/healthz', (request, response) => response.send('ok\n'));

const server = app.listen(process.env.PORT ?? 3000);
// Longer than the load balancer's 60 s: it must be the one that closes an idle connection.
server.keepAliveTimeout = 65_000;
// ECS stops a task by SIGTERM: answer what is under way, then exit.
process.on('SIGTERM', () => server.close(() => process.exit(0)));
