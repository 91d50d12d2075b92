import pino from "pino";
import { afterAll, beforeAll, beforeEach } from "vitest";
import { RedisExchange } from "../../src/store/redis/redis-exchange.ts";
import { RedisServer } from "../support/redis-server.ts";
import { describeExchange } from "./live-contract.ts";

const silent = pino({ level: "silent" });

let server: RedisServer;
beforeAll(async () => {
  server = await RedisServer.start();
});
afterAll(() => server.kill());
beforeEach(async () => {
  const redis = server.client();
  await redis.flushall();
  redis.disconnect();
});

const open = () => RedisExchange.open({ redis: { url: server.url }, log: silent });

describeExchange({ kind: "on one Redis", open });
