import { mkdirSync, realpathSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { dataDirError } from './data-dir-error.js';

/** Creates the data directory where it is missing, proves that it can be written, and returns its real path. */
export function prepareDataDir(dataDir: string): string {
  const probe = path.join(dataDir, `.write-test-${process.pid}`);
  try {
    mkdirSync(dataDir, { recursive: true, mode: 0o700 });
    // One page, because an empty file still fits on a full disk.
    writeFileSync(probe, Buffer.alloc(4096));
    rmSync(probe);
    return realpathSync(dataDir);
  } catch (error) {
    removeQuietly(probe);
    throw dataDirError(error, dataDir);
  }
}

/** What could not be written often cannot be removed either; the first error is the one to tell. */
function removeQuietly(file: string): void {
  try {
    rmSync(file, { force: true });
  } catch {
    // See above.
  }
}
