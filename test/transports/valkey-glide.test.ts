import { GlideClient, Logger } from "@valkey/valkey-glide";
import { command } from "../../adapters/command.ts";
import { conforms } from "../support/conformance.ts";

// Otherwise it prints each script that a server does not know yet.
Logger.init("off");

conforms(async (url) => {
  const { hostname: host, port } = new URL(url);
  const client = await GlideClient.createClient({ addresses: [{ host, port: Number(port) }], requestTimeout: 10_000 });
  return { transport: command((args) => client.customCommand(args)), close: () => client.close() };
});
