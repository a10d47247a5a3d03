// The network, in a process of its own: what delays one client's bytes must not take the time of the one who measures.
// Started by links.ts with the links as JSON; says on which ports it listens, and ends with its standard input.
import { startTcpProxy } from "../../test/support/tcp-proxy.ts";
import type { Link } from "./links.ts";

const links: Link[] = JSON.parse(process.argv[2] ?? "[]");
const proxies = await Promise.all(links.map(({ port }) => startTcpProxy(port)));
for (const [index, proxy] of proxies.entries()) proxy.delay((links[index]?.roundTrip ?? 0) / 2);
console.log(JSON.stringify(proxies.map(({ port }) => port)));
process.stdin.resume().once("end", () => process.exit());
