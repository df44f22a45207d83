export { createTestDatabase, type TestDatabase } from './database/create-test-database.js';
export { freePort } from './database/free-port.js';
export { startOwnedProcess, type OwnedProcess } from './database/owned-process.js';
export { startPostgres15 } from './database/start-postgres-15.js';
export { startTestCluster, type TestCluster, type TestClusterOptions } from './database/start-test-cluster.js';
export { startBrokenServer, type BrokenKind } from './mcp-servers/start-broken-server.js';
export {
  startFixtureServer,
  type FixtureServer,
  type FixtureServerOptions,
} from './mcp-servers/start-fixture-server.js';
export {
  eventData,
  eventStream,
  startScriptedServer,
  type ScriptedRequest,
  type ScriptedServer,
} from './mcp-servers/start-scripted-server.js';
export { connectTo, linkAnswer, linkRequest, plainClient, recordMessages } from './mcp-servers/link-kit.js';
export {
  fixtureCatalogue,
  textTool,
  type FixtureCatalogue,
  type FixtureTool,
} from './mcp-servers/fixture-catalogue.js';
export type { HttpFixture, RecordedRequest } from './mcp-servers/http-fixture.js';
export {
  serverProgram,
  startGatehouse,
  until,
  type Gatehouse,
  type GatehouseOptions,
} from './gatehouse/start-gatehouse.js';
export { startSplit, type SplitGatehouse } from './gatehouse/start-split.js';
export { measureRevocation, type Revocation } from './gatehouse/measure-revocation.js';
export { ControlPlaneClient, type GraphqlAnswer } from './gatehouse/control-plane-client.js';
export { addUpstream, addUser, addVirtualServer, signUpAdmin } from './gatehouse/first-journey.js';
export { callMcp, callModern, postMcp, type McpAnswer } from './gatehouse/mcp-request.js';
