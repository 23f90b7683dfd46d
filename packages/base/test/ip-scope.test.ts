import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type IpScope, ipScope } from '@shoal/base';

const examples: Record<IpScope, readonly string[]> = {
  public: [
    '1.1.1.1',
    '172.15.255.255',
    '172.32.0.0',
    '192.167.1.1',
    '100.63.0.1',
    '100.128.0.1',
    '198.20.0.1',
    '2606:4700::1',
    '2002:101:101::1',
  ],
  private: [
    '10.0.0.1',
    '172.16.0.1',
    '172.31.255.255',
    '192.168.0.1',
    '100.64.0.1',
    'fd00::1',
    'fc00::1',
    'fec0::1',
    '2002:a00:1::',
    '64:ff9b::a00:1',
  ],
  'link-local': ['169.254.1.1', 'fe80::1', 'febf::1'],
  loopback: ['127.0.0.1', '127.255.255.254', '::1', '::ffff:127.0.0.1', '64:ff9b::7f00:1'],
  special: [
    '0.0.0.0',
    '0.1.2.3',
    '224.0.0.1',
    '255.255.255.255',
    '192.0.2.1',
    '198.51.100.7',
    '203.0.113.9',
    '198.18.0.1',
    '::',
    'ff02::1',
    '2001:db8::1',
    '::1.2.3.4',
    '5f00::1',
  ],
};

test('an address reaches as far as its registry says', () => {
  for (const [scope, addresses] of Object.entries(examples)) {
    for (const address of addresses) assert.equal(ipScope(address), scope, address);
  }
});

test('what is no address has no scope', () => {
  for (const text of [
    '',
    'localhost',
    '127.1',
    '127.0.0.1.',
    '0x7f.0.0.1',
    '017700000001',
    ':::1',
    '1.2.3.4:80',
  ]) {
    assert.equal(ipScope(text), undefined, text);
  }
});
