import { defineConfig, type ViteUserConfig } from "vitest/config";

const config: ViteUserConfig = defineConfig({
  test: {
    include: ["test/**/*.test.ts"],
    globalSetup: "test/support/global-setup.ts",
    pool: "forks",
    maxWorkers: 4,
    testTimeout: 20_000,
    // Most tests wait for Redis to expire something.
    maxConcurrency: 20,
  },
});

export default config;
