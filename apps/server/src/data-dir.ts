import { accessSync, constants, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { generateMasterKey } from '#crypto';
import { DomainError } from '#kernel';

/**
 * Makes the data directory (mode 0700) and checks that it can be written.
 * @returns its absolute path
 * @throws DomainError DATA_DIR_UNUSABLE
 */
export function prepareDataDir(dataDir: string): string {
  const absolute = path.resolve(dataDir);
  try {
    mkdirSync(absolute, { recursive: true, mode: 0o700 });
    accessSync(absolute, constants.W_OK);
    return absolute;
  } catch (error) {
    throw unusable(absolute, error);
  }
}

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
    if (!isMissing(error)) throw unusable(file, error);
  }
  const key = generateMasterKey();
  try {
    // `wx`: of two first starts at once, one writes and the other reads.
    writeFileSync(file, `${key}\n`, { mode: 0o600, flag: 'wx' });
    return key;
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'EEXIST') return readFileSync(file, 'utf8').trim();
    throw unusable(file, error);
  }
}

const isMissing = (error: unknown): boolean => error instanceof Error && 'code' in error && error.code === 'ENOENT';

function unusable(place: string, error: unknown): DomainError {
  const code = error instanceof Error && 'code' in error ? String(error.code) : 'unknown error';
  return new DomainError(
    'DATA_DIR_UNUSABLE',
    `${place} cannot be written (${code}). Free space or correct its permissions, or set GATEHOUSE_DATA_DIR to another directory.`,
    { cause: error },
  );
}
