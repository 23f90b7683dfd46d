# The session that `many` measures: FOLDER COUNT start. Waits for a line before it adds the torrents.
import json
import os
import signal
import sys
import time

import libtorrent as lt

folder, count = sys.argv[1], int(sys.argv[2])
signal.signal(signal.SIGINT, lambda *_: os._exit(0))
session = lt.session({
    "listen_interfaces": "127.0.0.1:0", "enable_dht": False, "enable_lsd": False, "enable_upnp": False,
    "enable_natpmp": False, "connections_limit": 1000, "allow_multiple_connections_per_ip": True,
    "active_seeds": -1, "active_limit": -1, "active_downloads": -1,
    "alert_mask": lt.alert.category_t.status_notification,
})
while not session.is_listening():
    time.sleep(0.01)
paths = []
for i in range(count):
    part = os.path.join(folder, str(i // 1000))
    paths.append((os.path.join(part, "item-%05d.bin.torrent" % i), os.path.join(part, "content")))
print(json.dumps({"event": "ready", "port": session.listen_port()}), flush=True)
sys.stdin.readline()
for torrent, content in paths:
    params = lt.add_torrent_params()
    params.ti = lt.torrent_info(torrent)
    params.save_path = content
    params.have_pieces = [True] * params.ti.num_pieces()
    params.flags &= ~lt.torrent_flags.auto_managed
    params.flags &= ~lt.torrent_flags.paused
    session.async_add_torrent(params)
seeding = 0
while seeding < count:
    session.wait_for_alert(20)
    session.pop_alerts()
    seeding = sum(1 for status in session.get_torrent_status(lambda status: status.is_seeding))
print(json.dumps({"event": "started"}), flush=True)
while True:
    time.sleep(3600)
