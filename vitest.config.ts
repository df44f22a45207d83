import { defaultServerConditions } from 'vite';
import { defineConfig } from 'vitest/config';

/** Three tiers: specs beside pure code, `test/service` on a real PostgreSQL, `test/e2e` on started processes. */
export default defineConfig({
  oxc: { decorator: { legacy: true, emitDecoratorMetadata: true } },
  // The global setup runs in an environment of its own, which needs the same condition.
  environments: { __vitest__: { resolve: { conditions: ['gatehouse-source', ...defaultServerConditions] } } },
  // Vite would take the ES module of graphql, Node takes its CommonJS: two copies refuse each other's types.
  resolve: { alias: [{ find: /^graphql$/, replacement: 'graphql/index.js' }] },
  ssr: { resolve: { conditions: ['gatehouse-source', ...defaultServerConditions] } },
  test: {
    include: ['apps/**/*.spec.ts', 'libs/**/*.spec.ts', 'test/**/*.spec.ts'],
    exclude: ['test/deadline/**', 'node_modules/**', 'dist/**'],
    globalSetup: ['./test/global-setup.ts'],
    reporters: ['default', './test/plain-reporter.ts'],
    testTimeout: 60_000,
    hookTimeout: 120_000,
    pool: 'forks',
    maxWorkers: 3,
  },
});
