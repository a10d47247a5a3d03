// Preloaded into a process of the simulator, it hands it one file of the source without a protection.
import { registerHooks } from "node:module";

const { url, from, to } = JSON.parse(process.env.HOLDFAST_MUTATION ?? "{}");

registerHooks({
  load(loaded, context, next) {
    const result = next(loaded, context);
    if (loaded !== url) return result;
    return { ...result, source: `${result.source}`.replace(from, () => to) };
  },
});
