import { readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { generateMasterKey } from '#crypto';
import { dataDirError } from '../embedded-postgres/data-dir-error.js';

const hasCode = (error: unknown, code: string): boolean =>
  error instanceof Error && 'code' in error && error.code === code;

/**
 * The master key: the configured one, else the one in `<data dir>/master.key`, made at first start with mode 0600.
 * @throws DomainError DATA_DIR_UNUSABLE when the file cannot be read or written
 */
export function loadMasterKey(configured: string | undefined, dataDir: string): string {
  if (configured) return configured;
  const file = path.join(dataDir, 'master.key');
  try {
    return readFileSync(file, 'utf8').trim();
  } catch (error) {
    if (!hasCode(error, 'ENOENT')) throw dataDirError(error, dataDir);
  }
  const key = generateMasterKey();
  try {
    // `wx`: of two first starts at once, one writes and the other reads.
    writeFileSync(file, `${key}\n`, { mode: 0o600, flag: 'wx' });
    return key;
  } catch (error) {
    if (hasCode(error, 'EEXIST')) return readFileSync(file, 'utf8').trim();
    throw dataDirError(error, dataDir);
  }
}
