import { linkSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { generateMasterKey } from '#crypto';
import { DomainError } from '#kernel';
import { dataDirError } from '../embedded-postgres/data-dir-error.js';

const hasCode = (error: unknown, code: string): boolean =>
  error instanceof Error && 'code' in error && error.code === code;

/**
 * The master key: the configured one, else the one in `<data dir>/master.key`, made with mode 0600 for a new database.
 * @param isNew whether the database has never seen a key
 * @throws DomainError WRONG_MASTER_KEY when the file of an existing database is missing, DATA_DIR_UNUSABLE
 */
export function loadMasterKey(configured: string | undefined, dataDir: string, isNew: boolean): string {
  if (configured) return configured;
  const file = path.join(dataDir, 'master.key');
  try {
    return readFileSync(file, 'utf8').trim();
  } catch (error) {
    if (!hasCode(error, 'ENOENT')) throw dataDirError(error, dataDir);
  }
  if (isNew) return createKeyFile(file, dataDir);
  throw new DomainError(
    'WRONG_MASTER_KEY',
    `The key file ${file} is missing, but the database was set up with a master key. Restore that file, or set GATEHOUSE_MASTER_KEY (or GATEHOUSE_MASTER_KEY_FILE) to the original key.`,
    { field: 'GATEHOUSE_MASTER_KEY' },
  );
}

/** Written beside its goal and linked when it is whole, so that a full disk leaves no key file that holds no key. */
function createKeyFile(file: string, dataDir: string): string {
  const key = generateMasterKey();
  const draft = `${file}.${process.pid}`;
  try {
    writeFileSync(draft, `${key}\n`, { mode: 0o600, flush: true });
    linkSync(draft, file);
    return key;
  } catch (error) {
    // Of two first starts at once, one makes the file and the other reads it.
    if (hasCode(error, 'EEXIST')) return readFileSync(file, 'utf8').trim();
    throw dataDirError(error, dataDir);
  } finally {
    rmSync(draft, { force: true });
  }
}
