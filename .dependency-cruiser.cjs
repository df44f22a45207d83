// The layer plan of ARCHITECTURE.md §2 as rules. test/architecture.spec.ts proves that the tree keeps every rule
// and that every rule fires on a planted violation: a new rule here needs a planted one there.

const spec = '\\.spec\\.ts$';
const L0 = ['kernel', 'config'];
const L1 = ['contracts', 'observability', 'crypto', 'postgres'];
const L2 = ['persistence', 'snapshot', 'queue', 'counters', 'outbound', 'authz'];

/** Which libs each lib may import, itself aside: the rows below, and the named edges inside a row. */
const mayImport = {
  config: ['kernel'],
  ...Object.fromEntries(L1.map((lib) => [lib, L0])),
  ...Object.fromEntries(L2.map((lib) => [lib, [...L0, ...L1]])),
  persistence: [...L0, ...L1, 'authz'],
  snapshot: [...L0, ...L1, 'authz'],
  ...Object.fromEntries(['authn', 'mcp', 'guardrails', 'audit'].map((lib) => [lib, [...L0, ...L1, ...L2]])),
};

const layers = Object.entries(mayImport).map(([lib, allowed]) => ({
  name: `layer-${lib}`,
  comment: `libs/${lib} imports only ${allowed.join(', ')}.`,
  severity: 'error',
  from: { path: `^libs/${lib}/`, pathNot: spec },
  to: { path: '^libs/', pathNot: `^libs/(${[lib, ...allowed].join('|')})/` },
}));

const packages = (...names) => `(^|/)node_modules/(@types/)?(${names.join('|')})(/|$)`;
const core = (...names) => `^(node:)?(${names.join('|')})(/|$)`;

/**
 * One dangerous thing, one owner: nobody outside `owners` imports what `path` matches. Tests and libs/testing may.
 * `typesToo: false` lets type-only imports pass, for types that cross a boundary without their power.
 */
const owned = (name, path, owners, typesToo = true) => ({
  name: `owner-${name}`,
  comment: `Only ${owners.join(', ')} may import this.`,
  severity: 'error',
  from: { path: '^(apps|libs)/', pathNot: [spec, '^libs/testing/', ...owners] },
  to: typesToo ? { path } : { path, dependencyTypesNot: ['type-only'] },
});

const owners = [
  owned('pg', packages('pg', 'pg-pool', 'pg-protocol'), ['^libs/postgres/']),
  owned('mikro-orm', packages('@mikro-orm'), ['^libs/persistence/']),
  owned('bullmq', packages('bullmq'), ['^libs/queue/']),
  owned('telemetry', packages('pino', 'pino-http', 'prom-client', '@opentelemetry'), ['^libs/observability/']),
  owned('access-rules', packages('@casl', '@cedar-policy', '@open-policy-agent'), ['^libs/authz/']),
  owned('undici', packages('undici', 'undici-types'), ['^libs/outbound/'], false),
  owned('credentials', packages('jose', 'openid-client'), ['^libs/authn/']),
  owned('sessions', packages('express-session', 'passport', '@nestjs/passport'), [
    '^apps/control-plane/src/(sign-in|sessions)/',
  ]),
  owned('mcp-sdk', packages('@modelcontextprotocol'), ['^libs/mcp/']),
  owned('ioredis', packages('ioredis'), ['^libs/counters/']),
  owned('crypto', core('crypto'), ['^libs/crypto/', '^libs/kernel/src/ids\\.ts$']),
  owned('child-process', core('child_process', 'cluster'), [
    '^libs/mcp/',
    '^apps/server/',
    '^apps/cli/src/demo/',
    '^apps/cli/src/delegate-to-server\\.ts$',
  ]),
  // In apps for listeners; that no app uses it as a client is checked by test/architecture.spec.ts.
  owned('http', core('http', 'https', 'http2'), ['^libs/outbound/', '^apps/'], false),
];

/** @type {import('dependency-cruiser').IConfiguration} */
module.exports = {
  forbidden: [
    {
      name: 'no-circular',
      comment: 'The module graph has no cycle; type-only edges count.',
      severity: 'error',
      from: {},
      to: { circular: true },
    },
    {
      name: 'no-orphan',
      comment: 'A module that nothing imports and that imports nothing is forgotten code.',
      severity: 'error',
      from: {
        orphan: true,
        pathNot: ['\\.d\\.ts$', '(^|/)[^/]+\\.config\\.ts$', '\\.child\\.mjs$', '^test/plain-reporter\\.ts$'],
      },
      to: {},
    },
    {
      name: 'resolvable',
      comment: 'Every import leads to a file or an installed package.',
      severity: 'error',
      from: {},
      to: { couldNotResolve: true },
    },
    {
      name: 'declared-dependency',
      comment: 'What is imported stands in package.json.',
      severity: 'error',
      from: { path: '^(apps|libs|test|bench)/' },
      to: { dependencyTypes: ['npm-no-pkg', 'npm-unknown'] },
    },
    {
      name: 'not-to-dev-dep',
      comment: 'Product code runs after `npm ci --omit=dev`.',
      severity: 'error',
      from: { path: '^(apps|libs)/', pathNot: [spec, '^libs/testing/', '^apps/console/'] },
      to: { dependencyTypes: ['npm-dev'], dependencyTypesNot: ['type-only'] },
    },
    {
      name: 'product-never-imports-tests',
      comment: 'Tests and benches import the product, never the other way round.',
      severity: 'error',
      from: { path: '^(apps|libs)/', pathNot: spec },
      to: { path: ['^(test|bench|scripts)/', spec] },
    },
    {
      name: 'testing-only-from-tests',
      comment: 'libs/testing is imported by tests and benches only.',
      severity: 'error',
      from: { path: '^(apps|libs)/', pathNot: [spec, '^libs/testing/'] },
      to: { path: '^libs/testing/' },
    },
    {
      name: 'lib-front-door',
      comment: 'Other code enters a lib through its index.ts, by the subpath import.',
      severity: 'error',
      from: { path: '^(?:libs|apps)/([^/]+)/' },
      to: { path: '^libs/', pathNot: ['^libs/$1/', '^libs/[^/]+/src/index\\.ts$'] },
    },
    {
      name: 'kernel-imports-node-only',
      comment: 'The kernel depends on nothing but Node.',
      severity: 'error',
      from: { path: '^libs/kernel/', pathNot: spec },
      to: { pathNot: '^libs/kernel/', dependencyTypesNot: ['core'] },
    },
    ...layers,
    {
      name: 'libs-never-import-apps',
      comment: 'Imports point down.',
      severity: 'error',
      from: { path: '^libs/' },
      to: { path: '^apps/' },
    },
    {
      name: 'libs-know-no-transport',
      comment: 'Domain code imports no GraphQL and no web framework: those live in the apps.',
      severity: 'error',
      from: { path: '^libs/', pathNot: [spec, '^libs/testing/'] },
      to: { path: packages('graphql', '@nestjs/graphql', '@nestjs/apollo', '@apollo', 'express', 'helmet') },
    },
    {
      name: 'apps-never-each-other',
      comment: 'Services talk through the database, also when they share a process.',
      severity: 'error',
      from: { path: '^apps/([^/]+)/', pathNot: '^apps/server/' },
      to: { path: '^apps/', pathNot: '^apps/$1/' },
    },
    {
      name: 'server-only-to-bootstraps',
      comment: 'The composition root knows one file of each service.',
      severity: 'error',
      from: { path: '^apps/server/' },
      to: { path: '^apps/', pathNot: ['^apps/server/', '^apps/(control-plane|gateway|worker)/src/bootstrap\\.ts$'] },
    },
    {
      name: 'only-gateway-and-worker-dial-upstreams',
      comment: 'Nobody else may import libs/mcp.',
      severity: 'error',
      from: { path: '^(apps|libs)/', pathNot: [spec, '^libs/(mcp|testing)/', '^apps/(gateway|worker)/'] },
      to: { path: '^libs/mcp/' },
    },
    {
      name: 'only-gateway-reads-the-snapshot',
      comment: 'libs/snapshot is the read side of the gateway; the control plane reads by libs/persistence.',
      severity: 'error',
      from: { path: '^apps/', pathNot: [spec, '^apps/gateway/'] },
      to: { path: '^libs/snapshot/' },
    },
    {
      name: 'gateway-never-reaches-orm-or-jobs',
      comment: 'Not even transitively: the hot path stays small, and a change of entities cannot break it.',
      severity: 'error',
      from: { path: '^apps/gateway/src/', pathNot: spec },
      to: { path: [packages('@mikro-orm', 'bullmq'), '^libs/(persistence|queue)/'], reachable: true },
    },
    {
      name: 'cli-is-a-graphql-client',
      comment:
        'The command line knows the API and the settings, not the stores; serve, migrate and doctor start apps/server.',
      severity: 'error',
      from: { path: '^apps/cli/', pathNot: spec },
      to: { path: '^libs/', pathNot: '^libs/(kernel|config|contracts|crypto|outbound)/' },
    },
    {
      name: 'console-talks-to-the-schema-only',
      comment: 'The web app imports no code of the house.',
      severity: 'error',
      from: { path: '^apps/console/' },
      to: { path: '^(libs|apps|test)/', pathNot: '^apps/console/' },
    },
    ...owners,
  ],
  options: {
    tsConfig: { fileName: 'tsconfig.json' },
    tsPreCompilationDeps: true,
    doNotFollow: { path: 'node_modules' },
    exclude: { path: '(^|/)dist/' },
    enhancedResolveOptions: {
      exportsFields: ['exports'],
      conditionNames: ['gatehouse-source', 'import', 'node', 'default'],
    },
  },
};
