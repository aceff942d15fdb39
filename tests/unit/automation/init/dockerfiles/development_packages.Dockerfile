# Written by `python -m automation init`, and yours to change: it is not written again.
# Where no registry can be reached, any image with Node will do: `--build-arg NODE_IMAGE=...`.
ARG NODE_IMAGE=node:24-bookworm-slim

# What production needs. It is installed anew only when the lock file changes.
FROM ${NODE_IMAGE} AS packages
WORKDIR /app
COPY package.json package-lock.json ./
RUN --mount=type=cache,target=/root/.npm npm ci

FROM ${NODE_IMAGE}
ENV NODE_ENV=production
WORKDIR /app
COPY --from=packages /app/node_modules node_modules
COPY . .
ENV PATH=/app/node_modules/.bin:$PATH
# By number, so that ECS can see that it is not root. The app can write to /tmp alone.
USER 1000:1000
EXPOSE 3000
# In exec form, so that SIGTERM reaches the app.
CMD ["tsx", "src/main.ts"]
