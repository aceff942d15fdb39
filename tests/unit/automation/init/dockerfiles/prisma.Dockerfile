# Written by `python -m automation init`, and yours to change: it is not written again.
# Where no registry can be reached, any image with Node will do: `--build-arg NODE_IMAGE=...`.
ARG NODE_IMAGE=node:24-bookworm

FROM ${NODE_IMAGE} AS build
WORKDIR /app
# Before the packages, since their installation uses files of the app.
COPY . .
RUN --mount=type=cache,target=/root/.npm npm ci
RUN npx prisma generate
RUN npm run build
RUN --mount=type=cache,target=/root/.npm npm prune --omit=dev

FROM ${NODE_IMAGE}
ENV NODE_ENV=production
WORKDIR /app
COPY --from=build /app .
ENV PATH=/app/node_modules/.bin:$PATH
# By number, so that ECS can see that it is not root. The app can write to /tmp alone.
USER 1000:1000
EXPOSE 3000
# In exec form, so that SIGTERM reaches the app.
CMD ["sh", "-c", "prisma migrate deploy && exec node dist/main.js"]
