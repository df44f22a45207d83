import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { randomToken } from '#crypto';
import { dataDirUnusable } from './data-dir-error.js';

/** The password of the embedded server's superuser: read from `postgres.password`, generated before the first start. */
export function superuserPassword(dataDir: string, clusterExists: boolean): string {
  const file = path.join(dataDir, 'postgres.password');
  if (existsSync(file)) {
    const password = readFileSync(file, 'utf8').trim();
    if (password !== '') return password;
  }
  if (clusterExists)
    throw dataDirUnusable(dataDir, 'it holds a database, but postgres.password is missing or empty; restore that file');
  const password = randomToken();
  writeFileSync(file, `${password}\n`, { mode: 0o600, flush: true });
  return password;
}
