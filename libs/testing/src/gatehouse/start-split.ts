import { generateMasterKey } from '#crypto';
import { startGatehouse, type Gatehouse } from './start-gatehouse.js';

/** One installation as several processes on one database: control plane with worker, and some gateways. */
export interface SplitGatehouse extends AsyncDisposable {
  readonly control: Gatehouse;
  readonly gateways: readonly Gatehouse[];
  /** What every process of this installation was given. */
  readonly env: Readonly<Record<string, string>>;
}

/**
 * Starts the processes one after the other, like an orchestrator would.
 * @param databaseUrl an empty or migrated database that nobody else uses
 */
export async function startSplit(
  databaseUrl: string,
  gatewayCount: number,
  more: Record<string, string> = {},
): Promise<SplitGatehouse> {
  const env = {
    DATABASE_URL: databaseUrl,
    GATEHOUSE_MASTER_KEY: generateMasterKey(),
    GATEHOUSE_OUTBOUND_ALLOWED_HOSTS: '127.0.0.1',
    ...more,
  };
  const control = await startGatehouse({ env: { ...env, GATEHOUSE_SERVICES: 'control-plane,worker' } });
  const gateways: Gatehouse[] = [];
  for (let index = 0; index < gatewayCount; index += 1)
    gateways.push(await startGatehouse({ env: { ...env, GATEHOUSE_SERVICES: 'gateway' } }));
  return {
    control,
    gateways,
    env,
    [Symbol.asyncDispose]: async () => {
      await Promise.all(gateways.map((gateway) => gateway[Symbol.asyncDispose]()));
      await control[Symbol.asyncDispose]();
    },
  };
}
