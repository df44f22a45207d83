/** One planted file: the code that must make exactly the named boundary rule fire. */
export interface Planted {
  readonly rule: string;
  readonly file: string;
  readonly code: string;
  /** Further files that the violation needs. */
  readonly also?: Readonly<Record<string, string>>;
}

const plant = (rule: string, file: string, specifier: string): Planted => ({
  rule,
  file,
  code: `import { a } from '${specifier}';\nexport const b = a;\n`,
});

/** For each lib, one lib that it may not import. */
const upward: Readonly<Record<string, string>> = {
  config: 'contracts',
  contracts: 'crypto',
  observability: 'authz',
  crypto: 'observability',
  postgres: 'persistence',
  persistence: 'snapshot',
  snapshot: 'outbound',
  queue: 'persistence',
  counters: 'queue',
  outbound: 'authz',
  authz: 'outbound',
  authn: 'audit',
  mcp: 'guardrails',
  guardrails: 'mcp',
  audit: 'authn',
};

/** A violation for every rule of .dependency-cruiser.cjs, on a tree that mirrors ours. */
export const plantedViolations: readonly Planted[] = [
  {
    rule: 'no-circular',
    file: 'libs/config/src/cycle-a.ts',
    code: "import type { B } from './cycle-b.js';\nexport interface A { b: B }\n",
    also: { 'libs/config/src/cycle-b.ts': "import type { A } from './cycle-a.js';\nexport interface B { a: A }\n" },
  },
  { rule: 'no-orphan', file: 'libs/config/src/orphan.ts', code: 'export const a = 1;\n' },
  plant('resolvable', 'libs/config/src/missing.ts', './nowhere.js'),
  plant('declared-dependency', 'libs/config/src/undeclared.ts', 'left-pad'),
  plant('not-to-dev-dep', 'libs/config/src/dev.ts', 'vitest'),
  plant('product-never-imports-tests', 'libs/config/src/tests.ts', '../../../test/planted-helper.js'),
  plant('testing-only-from-tests', 'apps/worker/src/testing.ts', '#testing'),
  plant('lib-front-door', 'apps/worker/src/deep.ts', '../../../libs/authz/src/inner.js'),
  plant('kernel-imports-node-only', 'libs/kernel/src/zod.ts', 'zod'),
  ...Object.entries(upward).map(([lib, other]) => plant(`layer-${lib}`, `libs/${lib}/src/up.ts`, `#${other}`)),
  plant('libs-never-import-apps', 'libs/config/src/app.ts', '../../../apps/worker/src/bootstrap.js'),
  plant('libs-know-no-transport', 'libs/persistence/src/transport.ts', 'graphql'),
  {
    rule: 'apps-never-each-other',
    file: 'apps/worker/src/other.ts',
    code: "export const b = () => import('../../gateway/src/bootstrap.js');\n",
  },
  {
    rule: 'server-only-to-bootstraps',
    file: 'apps/server/src/inside.ts',
    code: "export const b = () => import('../../gateway/src/inner.js');\n",
  },
  plant('only-gateway-and-worker-dial-upstreams', 'apps/control-plane/src/dial.ts', '#mcp'),
  plant('only-gateway-reads-the-snapshot', 'apps/control-plane/src/snapshot.ts', '#snapshot'),
  {
    ...plant('gateway-never-reaches-orm-or-jobs', 'apps/gateway/src/reach.ts', '#counters'),
    also: { 'libs/counters/src/index.ts': "import { a as orm } from '@mikro-orm/core';\nexport const a = orm;\n" },
  },
  plant('cli-is-a-graphql-client', 'apps/cli/src/store.ts', '#persistence'),
  plant('console-talks-to-the-schema-only', 'apps/console/src/kernel.ts', '#kernel'),
  plant('owner-pg', 'libs/audit/src/pg.ts', 'pg'),
  plant('owner-mikro-orm', 'libs/audit/src/orm.ts', '@mikro-orm/core'),
  plant('owner-bullmq', 'apps/worker/src/bullmq.ts', 'bullmq'),
  plant('owner-telemetry', 'apps/worker/src/metrics.ts', 'prom-client'),
  plant('owner-access-rules', 'apps/control-plane/src/rules.ts', '@casl/ability'),
  plant('owner-undici', 'apps/gateway/src/dispatch.ts', 'undici'),
  plant('owner-credentials', 'apps/control-plane/src/token.ts', 'jose'),
  plant('owner-sessions', 'apps/control-plane/src/upstreams/session.ts', 'express-session'),
  plant('owner-mcp-sdk', 'apps/gateway/src/sdk.ts', '@modelcontextprotocol/sdk'),
  plant('owner-ioredis', 'libs/queue/src/redis.ts', 'ioredis'),
  plant('owner-crypto', 'libs/authn/src/hash.ts', 'node:crypto'),
  plant('owner-child-process', 'apps/worker/src/spawn.ts', 'node:child_process'),
  plant('owner-http', 'libs/mcp/src/listen.ts', 'node:http'),
];

/** Imports that look like the violations above and are allowed; none of them may fire a rule. */
export const plantedLegal: Readonly<Record<string, string>> = {
  'apps/server/src/main.ts': "export const b = () => import('../../gateway/src/bootstrap.js');\n",
  'apps/gateway/src/listen.ts': "import { a } from 'node:http';\nimport { b } from '#mcp';\nexport const c = [a, b];\n",
  'libs/mcp/src/request-type.ts': "import type { a } from 'node:http';\nexport type B = a;\n",
  'libs/persistence/src/rules.ts': "import { a } from '#authz';\nexport const b = a;\n",
  'libs/crypto/src/hash.ts': "import { a } from 'node:crypto';\nexport const b = a;\n",
  'libs/audit/src/chain.spec.ts':
    "import { a } from 'node:crypto';\nimport { b } from '#testing';\nexport const c = [a, b];\n",
  'test/e2e/client.spec.ts': "import { a } from '@modelcontextprotocol/sdk';\nexport const b = a;\n",
};
