import { defineConfig, type ViteUserConfig } from "vitest/config";

const config: ViteUserConfig = defineConfig({
  test: {
    include: ["test/**/*.test.ts"],
    globalSetup: "test/support/global-setup.ts",
    pool: "forks",
    maxWorkers: 4,
    // For machines that are busy with something else; what is to end sooner is told so by its test.
    testTimeout: 60_000,
    hookTimeout: 60_000,
    // Most tests wait for Redis to expire something.
    maxConcurrency: 20,
  },
});

export default config;
