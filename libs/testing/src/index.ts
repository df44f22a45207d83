export { createTestDatabase, type TestDatabase } from './database/create-test-database.js';
export { freePort } from './database/free-port.js';
export { startOwnedProcess, type OwnedProcess } from './database/owned-process.js';
export { startPostgres15 } from './database/start-postgres-15.js';
export { startTestCluster, type TestCluster, type TestClusterOptions } from './database/start-test-cluster.js';
export { brokenKinds, startBrokenServer, type BrokenKind } from './mcp-servers/start-broken-server.js';
export {
  startFixtureServer,
  type FixtureServer,
  type FixtureServerOptions,
} from './mcp-servers/start-fixture-server.js';
export { textTool, type FixtureCatalogue, type FixtureTool } from './mcp-servers/fixture-catalogue.js';
export type { HttpFixture, RecordedRequest } from './mcp-servers/http-fixture.js';
