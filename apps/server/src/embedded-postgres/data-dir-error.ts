import { DomainError } from '#kernel';

const causes: Readonly<Record<string, string>> = {
  EACCES: 'permission denied',
  EPERM: 'not permitted',
  EROFS: 'the file system is read-only',
  ENOSPC: 'no space is left',
  EDQUOT: 'the disk quota is used up',
  ENOTDIR: 'a file stands where a directory should be',
  EEXIST: 'a file stands where a directory should be',
  ELOOP: 'the path runs in a circle of links',
  ENAMETOOLONG: 'the path is too long',
};

const remedy = 'Give this user write access and space, choose another GATEHOUSE_DATA_DIR, or set DATABASE_URL.';

/** DATA_DIR_UNUSABLE with what is wrong and the remedy. */
export const dataDirUnusable = (dataDir: string, problem: string, cause?: unknown): DomainError =>
  new DomainError('DATA_DIR_UNUSABLE', `The data directory ${dataDir} cannot be used: ${problem}. ${remedy}`, {
    field: 'GATEHOUSE_DATA_DIR',
    cause,
  });

/** What a failed file operation below the data directory means; other errors are returned as they are. */
export function dataDirError(error: unknown, dataDir: string): unknown {
  const code = error instanceof Error && 'code' in error ? String(error.code) : '';
  const cause = causes[code];
  return cause === undefined ? error : dataDirUnusable(dataDir, cause, error);
}
