"""Whether a Dockerfile copies a file of the app, or builds from it."""

from __future__ import annotations

from pathlib import Path

import pytest

from local.live.dockerfile import Built, Copied, Dockerfile

ROOT = Path(__file__).parents[4]
NODE = "FROM node:24\nWORKDIR /app\n"


def effect(text: str, name: str, **options: object) -> str:
    """Return the path in the image, the reason why the file is built, or nothing."""
    use = Dockerfile(text, **options).effect(name)  # type: ignore[arg-type]
    if isinstance(use, Copied):
        return use.path
    return f"built: {use.reason}" if isinstance(use, Built) else ""


@pytest.mark.parametrize(
    "line", ["FROM", "COPY 5", "COPY true", 'COPY ["a", 5]', "COPY", "COPY {}", "RUN true"]
)
def test_an_incomplete_instruction_copies_nothing(line: str) -> None:
    """The user may be editing the file when `dev` reads it."""
    assert not effect(f"{NODE}{line}\n", "other.js").startswith("/")


@pytest.mark.parametrize("folder", ["app", "docs/examples/express"])
def test_the_projects_own_apps_are_copied_and_their_packages_built(folder: str) -> None:
    text = (ROOT / folder / "Dockerfile").read_text()

    assert effect(text, "server.js") == "/app/server.js"
    assert effect(text, "src/page.css") == "/app/src/page.css"
    assert effect(text, "package-lock.json").startswith("built: ")
    assert effect(text, "package.json").startswith("built: ")


@pytest.mark.parametrize(
    ("copy", "name", "path"),
    [
        ("COPY . .", "src/a.js", "/app/src/a.js"),
        ("COPY --chown=node:node . ./", "a.js", "/app/a.js"),
        ("COPY src ./src", "src/deep/a.js", "/app/src/deep/a.js"),
        ("COPY src/ public/ ./", "public/a.css", "/app/a.css"),
        ("COPY src ./src", "test/a.js", ""),
        ("COPY server.js .", "server.js", "/app/server.js"),
        ("COPY server.js /app", "server.js", "/app/server.js"),
        ("COPY server.js main.js", "server.js", "/app/main.js"),
        ("COPY *.js ./", "a.js", "/app/a.js"),
        ("COPY *.js ./", "src/a.js", ""),
        ("COPY s*c ./x/", "src/a.js", "/app/x/a.js"),
        ('COPY ["a b.js", "./"]', "a b.js", "/app/a b.js"),
        ("ENV HOME_OF=/srv\nWORKDIR $HOME_OF/web\nCOPY . .", "a.js", "/srv/web/a.js"),
        ("ARG PART=src\nCOPY ${PART} lib", "src/a.js", "/app/lib/a.js"),
        ("COPY . .\nCOPY config.prod.js config.js", "config.prod.js", "/app/config.js"),
        ("COPY a.js \\\n  # a remark\n  b.js ./", "b.js", "/app/b.js"),
    ],
)
def test_a_copied_file_has_the_path_that_docker_gives_it(copy: str, name: str, path: str) -> None:
    assert effect(f"{NODE}{copy}\n", name) == path


@pytest.mark.parametrize(
    "run",
    [
        "npm ci --omit=dev && npm cache clean --force",
        "npm install",
        "corepack enable && pnpm install --frozen-lockfile",
        "yarn --frozen-lockfile",
        "yarn",
        "apt-get update && apt-get install -y curl && rm -rf /var/lib/apt/lists/*",
        "chown -R node:node /app",
        '["npm", "ci"]',
    ],
)
def test_an_installation_of_packages_does_not_read_the_app(run: str) -> None:
    assert effect(f"{NODE}COPY . .\nRUN {run}\n", "server.js") == "/app/server.js"


@pytest.mark.parametrize(
    "run",
    ["npm run build", "npm ci && npm run build", "npx tsc", "yarn build", "node build.js", "pnpm build"],
)
def test_a_file_that_a_run_may_read_is_built(run: str) -> None:
    assert effect(f"{NODE}COPY . .\nRUN {run}\n", "server.js") == f"built: line 4, `RUN {run}`, may read it"
    assert effect(f"{NODE}RUN {run}\nCOPY . .\n", "server.js") == "/app/server.js"


def test_install_scripts_may_read_the_app() -> None:
    text = f"{NODE}COPY . .\nRUN npm ci\n"

    assert effect(text, "server.js", scripts=["start", "postinstall"]).startswith("built: ")
    assert effect(text, "server.js", scripts=["start", "test"]) == "/app/server.js"


COMPILED = """
FROM node:24 AS build
WORKDIR /app
COPY . .
RUN npm ci && npm run build

FROM node:24 AS unused
COPY only.js .

FROM node:24
WORKDIR /app
COPY --from=build /app/dist ./dist
COPY public public
"""


def test_a_file_that_another_stage_copies_is_built() -> None:
    assert effect(COMPILED, "src/server.ts") == "built: stage build uses it in line 4"


def test_an_unused_stage_is_ignored() -> None:
    text = COMPILED.replace("COPY . .", "COPY src src")

    assert effect(text, "only.js") == ""
    assert effect(text, "only.js", target="unused") == "/only.js"


def test_a_stage_continues_the_stage_in_its_from() -> None:
    text = f"{NODE.replace('node:24', 'node:24 AS base')}COPY . .\n\nFROM base AS final\nUSER node\n"

    assert effect(text, "a.js") == "/app/a.js"
    assert effect(f"{text}RUN npm run build\n", "a.js").startswith("built: ")
    assert effect(text, "a.js", target="base") == "/app/a.js"


def test_a_mounted_file_is_built() -> None:
    install = (
        "RUN --mount=type=bind,source=tsconfig.json,target=tsconfig.json --mount=type=cache,target=/x npx tsc"
    )
    text = f"{NODE}{install}\nCOPY . .\n"

    assert effect(text, "tsconfig.json").startswith("built: line 3")
    assert effect(text, "server.js") == "/app/server.js"


@pytest.mark.parametrize("copy", ["COPY --parents . .", "ADD app.tar.gz .", "COPY $NOWHERE/a.js ."])
def test_a_file_that_is_not_plainly_copied_is_built(copy: str) -> None:
    shown = copy.replace("--parents ", "")

    assert effect(f"{NODE}{copy}\n", "a.js") == f"built: line 3, `{shown}`, is not a plain copy"
