import { generateMasterKey } from '#crypto';
import { createPool, type DatabasePool } from '#postgres';
import { createTestDatabase, signUpAdmin, type ControlPlaneClient } from '#testing';
import { startServer, type Server, type ServerOptions } from './gateway.js';

/** A set-up installation on a database of its own. Its control plane has done its part and is gone. */
export interface Installation {
  /** As the superuser. */
  readonly database: DatabasePool;
  /** The administrator's; its rate limit is so high that it is never reached, though counted. */
  readonly token: string;
  /** Starts a gateway process on the core of the measured programs. */
  startGateway(options?: Partial<ServerOptions>): Promise<Server>;
  close(): Promise<void>;
}

/** What fills an installation while its control plane runs. */
export type Fill = (admin: ControlPlaneClient, database: DatabasePool, control: Server) => Promise<void>;

/** Gives the tokens of a name a rate limit of their own. */
export const setLimit = (
  database: DatabasePool,
  name: string,
  limit: { readonly perMinute: number; readonly burst: number },
): Promise<unknown> =>
  database.query('UPDATE api_tokens SET rate_limit_per_minute = $2, rate_limit_burst = $3 WHERE name = $1', [
    name,
    limit.perMinute,
    limit.burst,
  ]);

const never = { perMinute: 1_000_000_000, burst: 1_000_000 };

/**
 * Sets an installation up on the cluster: migrated, an administrator with a token, filled.
 * @param settings variables of all its processes
 */
export async function openInstallation(
  clusterUrl: string,
  fill: Fill,
  settings: Readonly<Record<string, string>> = {},
): Promise<Installation> {
  const { url } = await createTestDatabase(clusterUrl, { empty: true });
  const database = createPool({ url, max: 4, applicationName: 'bench' });
  const env = {
    ...settings,
    DATABASE_URL: url,
    GATEHOUSE_MASTER_KEY: generateMasterKey(),
    GATEHOUSE_OUTBOUND_ALLOWED_HOSTS: '127.0.0.1',
  };
  try {
    const control = await startServer({ env: { ...env, GATEHOUSE_SERVICES: 'control-plane,worker' } });
    try {
      const { admin, token } = await signUpAdmin(control);
      await setLimit(database, 'e2e', never);
      await fill(admin, database, control);
      return {
        database,
        token,
        startGateway: (options = {}) =>
          startServer({ measured: true, ...options, env: { ...env, GATEHOUSE_SERVICES: 'gateway', ...options.env } }),
        close: () => database.end(),
      };
    } finally {
      // Only the gateway is measured.
      await control.stop();
    }
  } catch (error) {
    await database.end();
    throw error;
  }
}
