import { Module } from '@nestjs/common';
import { SetupResolver } from './setup.resolver.js';
import { SetupService } from './setup.service.js';

@Module({ providers: [SetupResolver, SetupService] })
export class SetupModule {}
