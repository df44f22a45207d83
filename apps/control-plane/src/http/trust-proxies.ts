import type { NestExpressApplication } from '@nestjs/platform-express';
import { DomainError } from '#kernel';

/**
 * Believes `X-Forwarded-For` from these addresses and networks only; from nobody when the list is empty.
 * @throws DomainError CONFIGURATION_INVALID for something that is neither.
 */
export function trustProxies(app: NestExpressApplication, proxies: readonly string[]): void {
  try {
    app.set('trust proxy', proxies.length > 0 ? [...proxies] : false);
  } catch (cause) {
    throw new DomainError(
      'CONFIGURATION_INVALID',
      'GATEHOUSE_CONTROL_PLANE_TRUST_PROXY must list addresses or networks, for example 10.0.0.0/8, separated by commas.',
      { field: 'GATEHOUSE_CONTROL_PLANE_TRUST_PROXY', cause },
    );
  }
}
