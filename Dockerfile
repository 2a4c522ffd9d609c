# The service and everything that it needs to run, without what only building needs.
#   docker build -t prediction-provider .
#   docker run -p 8000:8000 -v data:/data prediction-provider
# The builder has a compiler, for the case that better-sqlite3's prebuilt library cannot be fetched.
FROM node:24-bookworm AS build
WORKDIR /build
ENV ONNXRUNTIME_NODE_INSTALL=skip
COPY package.json package-lock.json .npmrc ./
RUN npm ci
COPY . .
# onnxruntime-node brings its library for every operating system, 230 MB that no Linux loads.
RUN npm run build \
  && npm prune --omit=dev \
  && rm -r node_modules/onnxruntime-node/bin/napi-v6/darwin node_modules/onnxruntime-node/bin/napi-v6/win32

FROM node:24-bookworm-slim
ENV NODE_ENV=production \
  HOST=0.0.0.0 \
  DATABASE_URL=sqlite:////data/predictions.db
WORKDIR /app
# Owned by root and run by another user: the program cannot be changed from inside.
COPY --from=build /build/package.json ./
COPY --from=build /build/node_modules ./node_modules
COPY --from=build /build/dist ./dist
COPY --from=build /build/examples ./examples
RUN mkdir /data && chown node:node /data
USER node
WORKDIR /data
VOLUME ["/data"]
EXPOSE 8000
HEALTHCHECK --interval=10s --timeout=3s --start-period=30s --retries=3 \
  CMD ["node", "-e", "fetch(`http://127.0.0.1:${process.env.PORT || 8000}/health/ready`).then((r) => process.exit(r.ok ? 0 : 1), () => process.exit(1))"]
STOPSIGNAL SIGTERM
ENTRYPOINT ["node", "/app/dist/src/main.js"]
CMD ["serve"]
