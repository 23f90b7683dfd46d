// Where a platform keeps an application's data and config.

import { posix, win32 } from 'node:path';

export interface Places {
  readonly home: string;
  readonly data: string;
  readonly configFile: string;
}

export interface PlacesOptions {
  readonly platform: NodeJS.Platform;
  readonly environment: Readonly<Record<string, string | undefined>>;
  readonly home: string;
}

export function usualPlaces({ platform, environment, home }: PlacesOptions): Places {
  const { join, isAbsolute } = platform === 'win32' ? win32 : posix;
  // The XDG specification says that a relative path counts as not set.
  const from = (name: string, ...otherwise: string[]): string => {
    const value = environment[name];
    return value !== undefined && isAbsolute(value) ? value : join(home, ...otherwise);
  };

  if (platform === 'win32') {
    return {
      home,
      data: join(from('LOCALAPPDATA', 'AppData', 'Local'), 'Shoal'),
      configFile: join(from('APPDATA', 'AppData', 'Roaming'), 'Shoal', 'config.toml'),
    };
  }
  if (platform === 'darwin') {
    const folder = join(home, 'Library', 'Application Support', 'Shoal');
    return { home, data: folder, configFile: join(folder, 'config.toml') };
  }
  return {
    home,
    data: join(from('XDG_STATE_HOME', '.local', 'share'), 'shoal'),
    configFile: join(from('XDG_CONFIG_HOME', '.config'), 'shoal', 'config.toml'),
  };
}
