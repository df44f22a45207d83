import type { SqlExecutor } from '#postgres';

/** Finds the organization that refused credentials are told to; null while the instance has none yet. */
export class DefaultOrganization {
  #id: string | null;

  /** @param slug of the organization (`admin.organization`) */
  constructor(
    private readonly sql: SqlExecutor,
    private readonly slug: string,
    known: string | null,
  ) {
    this.#id = known;
  }

  get id(): string | null {
    return this.#id;
  }

  /** Looks again, if it was not there before: another process may have created it. */
  async refresh(): Promise<void> {
    if (this.#id !== null) return;
    const [row] = await this.sql.query<{ id: string }>('select id from organizations where slug = $1', [this.slug]);
    this.#id = row?.id ?? null;
  }
}
