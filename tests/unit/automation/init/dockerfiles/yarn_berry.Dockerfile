# Written by `python -m automation init`, and yours to change: it is not written again.
# Where no registry can be reached, any image with Node will do: `--build-arg NODE_IMAGE=...`.
ARG NODE_IMAGE=node:26-bookworm-slim

FROM ${NODE_IMAGE} AS base
ENV YARN_NODE_LINKER=node-modules YARN_ENABLE_TELEMETRY=0 YARN_ENABLE_GLOBAL_CACHE=true YARN_GLOBAL_FOLDER=/yarn
RUN npm install --global --force corepack && corepack enable

# What production needs. It is installed anew only when the lock file changes.
FROM base AS packages
WORKDIR /app
COPY package.json yarn.lock .yarnrc.yml ./
RUN --mount=type=cache,target=/yarn yarn workspaces focus --all --production

FROM base AS build
WORKDIR /app
COPY package.json yarn.lock .yarnrc.yml ./
RUN --mount=type=cache,target=/yarn yarn install --immutable
COPY . .
RUN yarn run build && rm -rf node_modules

FROM ${NODE_IMAGE}
ENV NODE_ENV=production
WORKDIR /app
COPY --from=packages /app/node_modules node_modules
COPY --from=build /app .
# By number, so that ECS can see that it is not root. The app can write to /tmp alone.
USER 1000:1000
EXPOSE 3000
# In exec form, so that SIGTERM reaches the app.
CMD ["node", "dist/main.js"]
