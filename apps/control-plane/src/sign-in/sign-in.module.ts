import { Module } from '@nestjs/common';
import type { Config } from '#config';
import type { Clock } from '#kernel';
import { CLOCK, CONFIG } from '../dependencies.js';
import { SignInResolver } from './sign-in.resolver.js';
import { SignInService } from './sign-in.service.js';
import { SignInThrottle } from './sign-in-throttle.js';

/** Keys that the throttle remembers; some megabytes at most. */
const maxKeys = 20_000;

@Module({
  exports: [SignInThrottle],
  providers: [
    SignInResolver,
    SignInService,
    {
      provide: SignInThrottle,
      inject: [CONFIG, CLOCK],
      useFactory: ({ auth }: Config, clock: Clock) =>
        new SignInThrottle(
          {
            perAccount: auth.signInAttempts,
            perNetwork: auth.signInNetworkAttempts,
            windowMs: auth.signInWindow,
            maxKeys,
          },
          clock,
        ),
    },
  ],
})
export class SignInModule {}
