import { DomainError } from '#kernel';

/** One line of the doctor's report. */
export interface CheckResult {
  readonly name: 'configuration' | 'disk' | 'ports' | 'public URLs' | 'database' | 'version' | 'key' | 'clock';
  readonly status: 'ok' | 'failed' | 'skipped';
  readonly message: string;
}

/** Runs one check; a failure becomes its line, with the remedy in the message where we know one. */
export async function check(name: CheckResult['name'], run: () => Promise<string>): Promise<CheckResult> {
  try {
    return { name, status: 'ok', message: await run() };
  } catch (error) {
    return failedCheck(name, error);
  }
}

/** The line of a check that failed with this error. */
export const failedCheck = (name: CheckResult['name'], error: unknown): CheckResult => ({
  name,
  status: 'failed',
  message:
    error instanceof DomainError
      ? `${error.code}: ${error.message}`
      : error instanceof Error
        ? error.message
        : String(error),
});
