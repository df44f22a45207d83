import { M0001Tables } from './migrations/m0001-tables.js';
import { M0002References } from './migrations/m0002-references.js';
import { M0003Evidence } from './migrations/m0003-evidence.js';
import { M0004Roles } from './migrations/m0004-roles.js';
import { M0005Transports } from './migrations/m0005-transports.js';
import { M0006GatewayInstances } from './migrations/m0006-gateway-instances.js';
import { M0007RateLimits } from './migrations/m0007-rate-limits.js';
import { M0008ProtocolEra } from './migrations/m0008-protocol-era.js';
import { M0009RequiredClientCapabilities } from './migrations/m0009-required-client-capabilities.js';

/** Every migration of this release, oldest first. A database with any other name in its list is newer than the program. */
export const migrations = [
  { name: 'm0001-tables', class: M0001Tables },
  { name: 'm0002-references', class: M0002References },
  { name: 'm0003-evidence', class: M0003Evidence },
  { name: 'm0004-roles', class: M0004Roles },
  { name: 'm0005-transports', class: M0005Transports },
  { name: 'm0006-gateway-instances', class: M0006GatewayInstances },
  { name: 'm0007-rate-limits', class: M0007RateLimits },
  { name: 'm0008-protocol-era', class: M0008ProtocolEra },
  { name: 'm0009-required-client-capabilities', class: M0009RequiredClientCapabilities },
];
