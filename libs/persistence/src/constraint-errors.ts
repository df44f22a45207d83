import {
  CheckConstraintViolationException,
  ForeignKeyConstraintViolationException,
  UniqueConstraintViolationException,
} from '@mikro-orm/postgresql';
import { DomainError } from '#kernel';
import { toDomainError } from '#postgres';

/** Unique constraints that a caller can run into: the input field and what to say. */
const uniqueConstraints: Record<string, { field: string; message: string }> = {
  organizations_slug_unique: { field: 'slug', message: 'This slug is taken; choose another.' },
  users_email_unique: { field: 'email', message: 'A user with this e-mail exists in the organization.' },
  teams_slug_unique: { field: 'slug', message: 'This slug is taken by another team; choose another.' },
  memberships_team_user_unique: { field: 'userId', message: 'This user is a member of the team already.' },
  role_bindings_user_role_unique: { field: 'role', message: 'This user holds the role already.' },
  upstreams_slug_unique: { field: 'slug', message: 'This slug is taken by another upstream; choose another.' },
  virtual_servers_slug_unique: {
    field: 'slug',
    message: 'This slug is taken by another virtual server; choose another.',
  },
  virtual_server_entries_exposed_unique: {
    field: 'nameOverride',
    message: 'Another entry of this virtual server already has this name; set another name, or switch prefixes on.',
  },
};

/** Checks that hold against another transaction: what is looked at before writing may change meanwhile. */
const checkConstraints: Record<string, { field: string; message: string }> = {
  upstreams_protocol_era_transport: {
    field: 'protocolEra',
    message:
      'The upstream was found to speak HTTP+SSE meanwhile, which is of the legacy era only; set transport to STREAMABLE_HTTP as well, or leave protocolEra AUTO.',
  },
};

const referenceMessage =
  'It is still used by other objects (upstreams or virtual servers of a team or user); delete or move those first.';

/** Turns a database error into one that the caller understands; anything unknown is returned as it is. */
export function fromDatabaseError(error: unknown): unknown {
  if (error instanceof UniqueConstraintViolationException) {
    const known = uniqueConstraints[constraintName(error)];
    return new DomainError('CONFLICT', known?.message ?? 'An object with these values exists.', {
      field: known?.field,
      cause: error,
    });
  }
  if (error instanceof CheckConstraintViolationException) {
    const known = checkConstraints[constraintName(error)];
    if (known) return new DomainError('CONFLICT', known.message, { field: known.field, cause: error });
  }
  if (error instanceof ForeignKeyConstraintViolationException || isRestricted(error))
    return new DomainError('CONFLICT', referenceMessage, { cause: error });
  return toDomainError(error);
}

function constraintName(error: object): string {
  return 'constraint' in error && typeof error.constraint === 'string' ? error.constraint : '';
}

/** PostgreSQL 18 answers `on delete restrict` with a code of its own (23001), which the driver does not know yet. */
const isRestricted = (error: unknown): boolean => error instanceof Error && 'code' in error && error.code === '23001';
