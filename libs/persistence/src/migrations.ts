import { M0001Tables } from './migrations/m0001-tables.js';
import { M0002References } from './migrations/m0002-references.js';
import { M0003Evidence } from './migrations/m0003-evidence.js';
import { M0004Roles } from './migrations/m0004-roles.js';

/** Every migration of this release, oldest first. A database with any other name in its list is newer than the program. */
export const migrations = [
  { name: 'm0001-tables', class: M0001Tables },
  { name: 'm0002-references', class: M0002References },
  { name: 'm0003-evidence', class: M0003Evidence },
  { name: 'm0004-roles', class: M0004Roles },
];
