import { availableParallelism } from 'node:os';
import { loadConfig, type Config } from '#config';
import { createLogger } from '#observability';
import { DomainError } from '#kernel';
import { check, type CheckResult } from '../doctor/check.js';
import { checkDatabase } from '../doctor/check-database.js';
import { checkDisk, checkPorts, checkPublicUrls } from '../doctor/check-machine.js';

const marks = { ok: 'ok     ', failed: 'FAILED ', skipped: 'skipped' } as const;

/** Checks what a start needs and prints a line for each; 1 when any failed. Changes nothing but a missing folder. */
export async function doctor({ json }: { readonly json: boolean }): Promise<number> {
  const results = await examine();
  if (json) process.stdout.write(`${JSON.stringify(results)}\n`);
  else
    for (const { name, status, message } of results)
      process.stdout.write(`${marks[status]}  ${name.padEnd(14)} ${message}\n`);
  return results.some(({ status }) => status === 'failed') ? 1 : 0;
}

async function examine(): Promise<CheckResult[]> {
  const loaded = tryLoad();
  if ('problem' in loaded) return [{ name: 'configuration', status: 'failed', message: loaded.problem }];
  const { config } = loaded;
  const database = await checkDatabase(config, createLogger({ level: 'silent', service: 'gatehouse-doctor' }));
  const isHeld = database.some(({ name, status }) => name === 'database' && status === 'skipped');
  return [
    { name: 'configuration', status: 'ok', message: `every setting is valid${processesOf(config)}` },
    await check('disk', () => checkDisk(config)),
    isHeld
      ? { name: 'ports', status: 'skipped', message: 'a running Gatehouse may hold them' }
      : await check('ports', () => checkPorts(config)),
    await check('public URLs', () => checkPublicUrls(config)),
    ...database,
  ];
}

/** Several gateway processes share the processor; one is the usual case and not worth a word. */
const processesOf = ({ gateway: { processes }, server: { services } }: Config): string =>
  services.includes('gateway') && processes > 1
    ? `; ${processes} gateway processes on ${availableParallelism()} processor cores`
    : '';

function tryLoad(): { config: Config } | { problem: string } {
  try {
    return { config: loadConfig() };
  } catch (error) {
    if (error instanceof DomainError) return { problem: error.message };
    throw error;
  }
}
