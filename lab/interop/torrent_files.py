# libtorrent for torrent-files.test.ts: one JSON request a line on stdin, one JSON answer a line on stdout.
#   {"load": FILE} -> what libtorrent reads; {"make": PATH, "out": FILE, "flags": [...], "pieceLength": N} -> {}
import json, os, sys
import libtorrent as lt


def load(path):
    info = lt.torrent_info(path)
    hashes = info.info_hashes()
    files = info.files()
    answer = {"name": info.name(), "pieceCount": info.num_pieces(), "pieceLength": info.piece_length()}
    if hashes.has_v1():
        answer["infoHashV1"] = hashes.v1.to_bytes().hex()
    if hashes.has_v2():
        answer["infoHashV2"] = hashes.v2.to_bytes().hex()
    answer["files"] = []
    for index in range(files.num_files()):
        flags = files.file_flags(index)
        # Of v2 torrents, libtorrent shows padding that is not in them.
        if flags & lt.file_storage.flag_pad_file:
            continue
        entry = {"path": files.file_path(index), "length": files.file_size(index)}
        if hashes.has_v2() and files.file_size(index) > 0:
            entry["root"] = files.root(index).to_bytes().hex()
        answer["files"].append(entry)
    answer["trackers"] = [tracker.url for tracker in info.trackers()]
    answer["magnet"] = lt.make_magnet_uri(info)
    return answer


def make(request):
    files = lt.file_storage()
    flags = 0
    for name in request["flags"]:
        flags |= int(getattr(lt.create_torrent, name))
    lt.add_files(files, request["make"], flags=flags)
    torrent = lt.create_torrent(files, piece_size=request.get("pieceLength", 0), flags=flags)
    torrent.add_tracker("http://tracker.example/announce", 0)
    lt.set_piece_hashes(torrent, os.path.dirname(request["make"]))
    with open(request["out"], "wb") as out:
        out.write(lt.bencode(torrent.generate()))
    return {}


for line in sys.stdin:
    request = json.loads(line)
    try:
        answer = make(request) if "make" in request else load(request["load"])
    except Exception as error:
        answer = {"error": str(error)}
    print(json.dumps(answer), flush=True)
