import { until } from "../support/redis-process.ts";
import { startRedis } from "../support/redis-server.ts";
import { respClient, text } from "../support/resp.ts";
import { startTcpProxy } from "../support/tcp-proxy.ts";
import type { Caught } from "./fleet.ts";
import { behindItsBack, LONG_TTL, others, type Scenario, type Scene } from "./scenario.ts";

async function restartedEmpty(scene: Scene): Promise<void> {
  for (let time = 0; time < 2; time++) {
    const holder = await scene.fleet.catch("write");
    await behindItsBack(scene, holder, () => scene.stage.restart("lost"));
  }
}

/** The replica has what the master had before it fell behind: not the grant of the one who holds the lock now. */
async function laggingReplica(scene: Scene): Promise<void> {
  const { stage, fleet } = scene;
  const master = stage.server;
  const wire = await startTcpProxy(master.port);
  scene.defer(() => wire.close());
  const replica = await startRedis({ args: ["--replicaof", "127.0.0.1", String(wire.port)] });
  scene.defer(() => replica.stop());
  const admin = respClient(replica.url);
  const linked = async () => text(await admin.send("INFO", "replication")).includes("master_link_status:up");
  await until(linked, "the replica was not linked");

  // With nobody at work: a lock that the replica knows, and of whose release it does not, would be held there for a ttl.
  const parked: Caught[] = [];
  while (parked.length < fleet.workers.length) {
    parked.push(await fleet.catch("acquire: before", others(scene, ...parked.map(({ worker }) => worker))));
  }
  // WAIT waits for what its own connection wrote, and for everything before that.
  await stage.admin("SET", "chaos:mark", "", "PX", "1000");
  await stage.admin("WAIT", "1", "5000");
  wire.blackhole(true);
  const [first, ...rest] = parked as [Caught, ...Caught[]];
  first.go();
  const holder = await fleet.catch("write", [first.worker]);
  await behindItsBack(scene, holder, async () => {
    await master.kill("SIGKILL");
    wire.cut();
    text(await admin.send("REPLICAOF", "NO", "ONE"));
    stage.promote(replica);
    for (const { go } of rest) go();
  });
  admin.close();
}

export const DATA: readonly Scenario[] = [
  {
    name: "Redis is killed, restarted empty",
    exclusion: "fails",
    breaksBare: true,
    ttl: LONG_TTL,
    run: restartedEmpty,
  },
  {
    name: "a lagging replica is promoted",
    exclusion: "fails",
    breaksBare: true,
    ttl: LONG_TTL,
    run: laggingReplica,
  },
];
