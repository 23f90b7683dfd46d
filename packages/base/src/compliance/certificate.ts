// A certificate for tests only: self-signed, for world.test, localhost, 127.0.0.1 and ::1, until 2126.

export const testCertificate = `-----BEGIN CERTIFICATE-----
MIIBsTCCAVigAwIBAgIUC8vCxs0oaEqCdkEcCbCU3GMeiwEwCgYIKoZIzj0EAwIw
ITEfMB0GA1UEAwwWc2hvYWwgY29tcGxpYW5jZSBzdWl0ZTAgFw0yNjExMjAxNjQw
NDJaGA8yMTI2MTAyNzE2NDA0MlowITEfMB0GA1UEAwwWc2hvYWwgY29tcGxpYW5j
ZSBzdWl0ZTBZMBMGByqGSM49AgEGCCqGSM49AwEHA0IABJHTEnszmyUcxiSoPSdR
q+hrpafVMIZ1FKgC2BkLKKtt6vB4aCip6mcAddCoNGeENi/PsyGiK/xfa8s9lAd6
9c+jbDBqMDgGA1UdEQQxMC+CCndvcmxkLnRlc3SCCWxvY2FsaG9zdIcEfwAAAYcQ
AAAAAAAAAAAAAAAAAAAAATAPBgNVHRMBAf8EBTADAQH/MB0GA1UdDgQWBBRW19Da
FiZedGDnAtD64m2RSs0hYTAKBggqhkjOPQQDAgNHADBEAiBrQMI/QNjeUdMYOCJ4
ncnzjU1wHm92QY07OcxvCCR6uAIgQ3d1g0R1hwJhhDSMWO8ppjdJlT1DOjiCRSGy
9hQYRkQ=
-----END CERTIFICATE-----
`;

export const testKey = `-----BEGIN PRIVATE KEY-----
MIGHAgEAMBMGByqGSM49AgEGCCqGSM49AwEHBG0wawIBAQQgTRd9Gglt0pfuDvRK
vzmBX38qKkIpffD9QrEv7gd/6SihRANCAASR0xJ7M5slHMYkqD0nUavoa6Wn1TCG
dRSoAtgZCyirberweGgoqepnAHXQqDRnhDYvz7Mhoiv8X2vLPZQHevXP
-----END PRIVATE KEY-----
`;

/** A name that the certificate is for. */
export const certifiedName = 'world.test';
