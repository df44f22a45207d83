import { DomainError } from '#kernel';

/** One line of the doctor's report. */
export interface CheckResult {
  readonly name:
    'configuration' | 'disk' | 'ports' | 'public URLs' | 'database' | 'version' | 'key' | 'clock' | 'job store';
  readonly status: 'ok' | 'failed' | 'skipped';
  readonly message: string;
}

/** Runs one check; a known failure becomes its line, with the remedy in the message. */
export async function check(name: CheckResult['name'], run: () => Promise<string>): Promise<CheckResult> {
  try {
    return { name, status: 'ok', message: await run() };
  } catch (error) {
    if (error instanceof DomainError) return { name, status: 'failed', message: `${error.code}: ${error.message}` };
    throw error;
  }
}
