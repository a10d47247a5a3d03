import { GlideClusterClient, Logger } from "@valkey/valkey-glide";
import { command } from "../../adapters/command.ts";
import { conformsOnCluster } from "../support/conformance.ts";

// Otherwise it prints each script that a server does not know yet.
Logger.init("off");

conformsOnCluster(
  async (addresses) => {
    const client = await GlideClusterClient.createClient({ addresses, requestTimeout: 10_000 });
    const to = (address: { host: string; port: number }) => {
      const route = { type: "routeByAddress", ...address } as const;
      return (args: string[]) => client.customCommand(args, { route });
    };
    return {
      transport: command((args) => client.customCommand(args), { nodes: () => addresses.map(to) }),
      close: () => client.close(),
    };
  },
  { inLine: false },
);
