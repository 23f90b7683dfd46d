# Many libtorrent sessions that have all of one torrent, each with a limit on what it sends: for seek.ts.
# usage: seek_peers.py FOLDER COUNT BYTES_PER_SECOND
import json
import sys
import time

import libtorrent as lt

folder, count, rate = sys.argv[1], int(sys.argv[2]), int(sys.argv[3])
sessions = []
for i in range(count):
    session = lt.session({
        "listen_interfaces": "127.0.0.1:0",
        "enable_dht": False, "enable_lsd": False, "enable_upnp": False, "enable_natpmp": False,
        "enable_outgoing_utp": False, "enable_incoming_utp": False,
        "aio_threads": 1, "hashing_threads": 1,
    })
    params = lt.add_torrent_params()
    params.ti = lt.torrent_info(folder + "/film.torrent")
    params.save_path = folder
    params.flags |= lt.torrent_flags.seed_mode
    handle = session.add_torrent(params)
    handle.set_upload_limit(rate)
    sessions.append(session)
while not all(session.is_listening() for session in sessions):
    time.sleep(0.05)
time.sleep(1)
print(json.dumps({"ports": [session.listen_port() for session in sessions]}), flush=True)
while True:
    time.sleep(60)
