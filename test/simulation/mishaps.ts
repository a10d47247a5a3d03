import type { Mishap } from "./plan.ts";
import type { World } from "./world.ts";

/** Lets a mishap happen in its time. */
export function schedule(world: World, mishap: Mishap): void {
  world.timeline.after(mishap.at, () => {
    if (!befall(world, mishap)) return;
    world.witness.count(`fault: ${mishap.kind}`);
    world.history.add(() => `mishap: ${mishap.kind} of ${mishap.whom}, ${mishap.ms} ms, ${mishap.by}`);
  });
}

/** Whether there was anything to befall. */
function befall(world: World, { kind, whom, ms, by, store = 0 }: Mishap): boolean {
  const client = world.clients.find(({ id }) => id === whom);
  const server = world.servers[whom];
  const clock = client?.clock;
  const beliefs = () => world.witness.beliefs();
  switch (kind) {
    case "pause":
    case "suspend":
    case "unseen-pause": {
      if (!client || !clock || clock.paused || clock.dead) return false;
      if (kind !== "pause") client.suspensions++;
      client.unsettle(world.timeline.now + ms);
      clock.pause(ms, kind === "pause" ? "both" : kind === "suspend" ? "wall" : "none", beliefs);
      return true;
    }
    case "crash":
      if (!client || !clock || clock.dead) return false;
      clock.dead = true;
      client.diedAt = world.timeline.now;
      return true;
    case "wall-jump":
      if (!client || !clock) return false;
      client.unsettle(world.timeline.now);
      clock.jump(by);
      beliefs();
      return true;
    case "cut":
      if (!client) return false;
      client.cutUntil = world.timeline.now + ms;
      client.unsettle(client.cutUntil);
      return true;
    case "restart":
    case "restart-empty":
      if (!server) return false;
      server.restart(Math.min(ms, 200), kind === "restart-empty");
      world.channels.restarted(server);
      return true;
    case "failover":
      if (!server) return false;
      server.failOver(ms, by);
      world.channels.restarted(server);
      return true;
    case "server-jump":
      if (!server) return false;
      server.jump(by);
      return true;
    case "script-flush":
      if (!server) return false;
      server.flushScripts();
      return true;
    case "hang":
      if (!server) return false;
      server.hang(ms);
      return true;
    case "refuse":
      if (!server) return false;
      server.refuse(ms);
      return true;
    case "cut-line":
      if (!client) return false;
      client.lineCutUntil[store] = world.timeline.now + ms;
      return true;
    case "deaf":
      if (!client) return false;
      client.deafUntil = world.timeline.now + ms;
      return true;
    case "delete": {
      const key = server?.keys().find((each) => !each.startsWith("fence."));
      const entry = key === undefined ? undefined : server?.peek(key);
      if (!server || key === undefined || !entry) return false;
      world.witness.evict(entry.value, "delete");
      server.delete(key);
      world.witness.lines.deleted(key);
      return true;
    }
  }
}
