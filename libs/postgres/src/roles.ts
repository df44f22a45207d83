/** Owns the tables and runs migrations; no login of its own. */
export const OWNER_ROLE = 'gatehouse_owner';

/** Every GraphQL read and write, under row-level security by `gatehouse.organization`. */
export const APP_ROLE = 'gatehouse_app';

/** Snapshot reader, sign-in look-up, audit writer, job dispatcher: named grants only. */
export const SYSTEM_ROLE = 'gatehouse_system';
