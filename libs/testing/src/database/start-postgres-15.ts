import { existsSync } from 'node:fs';
import { startTestCluster, type TestCluster } from './start-test-cluster.js';

const debian = '/usr/lib/postgresql/15/bin';

/** Debian's PostgreSQL 15, the oldest release that Gatehouse supports; null where it is not installed. */
export const startPostgres15 = async (): Promise<TestCluster | null> =>
  existsSync(`${debian}/postgres`) ? startTestCluster({ binFolder: debian }) : null;
