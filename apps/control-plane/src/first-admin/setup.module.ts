import { Module } from '@nestjs/common';
import { SignInModule } from '../sign-in/sign-in.module.js';
import { SetupResolver } from './setup.resolver.js';
import { SetupService } from './setup.service.js';

@Module({ imports: [SignInModule], providers: [SetupResolver, SetupService] })
export class SetupModule {}
