import { DomainError } from '#kernel';
import { dataDirUnusable } from './data-dir-error.js';

const shownLines = 8;

const fileProblem = /Permission denied|Read-only file system|No space left on device|Disk quota exceeded/;

/** Why PostgreSQL did not start, with the last lines that it wrote: DATA_DIR_UNUSABLE or DATABASE_UNAVAILABLE. */
export function postgresStartError(what: string, lines: readonly string[], dataDir: string): DomainError {
  const problem = lines.map((line) => fileProblem.exec(line)?.[0]).find((found) => found !== undefined);
  const last = lines.slice(-shownLines).join('\n');
  if (problem !== undefined) return dataDirUnusable(dataDir, `${problem.toLowerCase()}. PostgreSQL wrote:\n${last}\n`);
  return new DomainError(
    'DATABASE_UNAVAILABLE',
    `The embedded PostgreSQL under ${dataDir} did not start (${what}). It wrote:\n${last}\nMend what it names, or set DATABASE_URL.`,
  );
}
