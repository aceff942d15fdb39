# Written by `python -m automation init`, and yours to change: it is not written again.
# Where no registry can be reached, any image with Node will do: `--build-arg NODE_IMAGE=...`.
ARG NODE_IMAGE=node:24-bookworm-slim

FROM ${NODE_IMAGE} AS base
ENV PNPM_HOME=/pnpm CI=true
RUN corepack enable

FROM base AS build
WORKDIR /app
COPY . .
RUN --mount=type=cache,target=/pnpm/store pnpm install --frozen-lockfile
RUN pnpm --filter "web..." run build
RUN --mount=type=cache,target=/pnpm/store find . -name node_modules -prune -exec rm -rf {} + && pnpm install --frozen-lockfile --prod --ignore-scripts --filter "web..."

FROM ${NODE_IMAGE}
ENV NODE_ENV=production
WORKDIR /app
COPY --from=build /app .
WORKDIR /app/apps/web
# By number, so that ECS can see that it is not root. The app can write to /tmp alone.
USER 1000:1000
EXPOSE 3000
# In exec form, so that SIGTERM reaches the app.
CMD ["node", "dist/main.js"]
