export { createTestDatabase, type TestDatabase } from './database/create-test-database.js';
export { freePort } from './database/free-port.js';
export { startOwnedProcess, type OwnedProcess } from './database/owned-process.js';
export { startPostgres15 } from './database/start-postgres-15.js';
export { startTestCluster, type TestCluster, type TestClusterOptions } from './database/start-test-cluster.js';
