# One node that serves the documents in /zones on port 5300, UDP and TCP.
#
#   docker build -t windrose .
#   docker run --rm -p 5300:5300/udp -p 5300:5300/tcp -v "$PWD/zones:/zones:ro" windrose
#
# Compiled in a stage of its own: JavaScript answers somewhat faster than stripped TypeScript (bench/built.ts says
# why). The image brings the Node that package.json pins, so the `node` dev dependency stays out of it.
FROM node:24-bookworm-slim AS build

WORKDIR /app
COPY package.json package-lock.json tsconfig.json tsconfig.build.json ./
RUN npm ci --no-audit --no-fund
COPY src ./src
RUN npm run build

FROM node:24-bookworm-slim

WORKDIR /app
COPY package.json package-lock.json ./
RUN npm ci --omit=dev --no-audit --no-fund && npm cache clean --force
COPY LICENSE README.md CHANGELOG.md ./
COPY --from=build /app/dist ./dist
COPY zones /zones

# History and tokens; a volume keeps them.
RUN mkdir /data && chown node:node /data
VOLUME /data

USER node
EXPOSE 5300/udp 5300/tcp 8053/tcp

# Any reply shows that it answers: a name outside its zones, such as the root, is REFUSED.
HEALTHCHECK --interval=10s --timeout=3s --start-period=5s CMD ["node", "-e", "\
  const resolver = new (require('node:dns').Resolver)({ timeout: 1000, tries: 2 });\
  resolver.setServers(['127.0.0.1:5300']);\
  resolver.resolveSoa('.', (error) => process.exit(error && error.code !== 'EREFUSED' ? 1 : 0));"]

# Not npm: node is to get the SIGTERM of `docker stop` itself, and drains on it.
ENTRYPOINT ["node", "dist/main.js"]
CMD ["serve", "--dns", "0.0.0.0:5300", "--zones", "/zones", "--data", "/data", "--api", "0.0.0.0:8053"]
