"""Files of many shapes by name."""

import gzip
import json

ORDERS = "".join(
    f'{n},{n:05d},"Name, {n}",{("yes", "no")[n % 2]},{n * 7 / 4:.2f},'
    f"2021-0{n % 9 + 1}-03T10:00:00Z,"
    f'{10 + n % 18}/0{n % 9 + 1}/2021,0{n % 9 + 1}/05/2021,"1.{n:03d},5",{("NA", n)[n % 3 > 0]}\n'
    for n in range(1, 40)
)
FILES = {
    "orders.csv": (
        "Order ID,Zip,Name,Active,Total Net,Created,Geliefert am,Wann?,Betrag €,none\n" + ORDERS
    ).encode(),
    "no_header.csv": ORDERS.encode(),
    "mixed.jsonl": b'{"a":1,"b":{"x":2},"A":"x"}\n{"a":99999999999999999999,"c":true,"":"e"}\n',
    "list.json": json.dumps(
        [{"id": n, "tags": [n], "at": "2020-01-01"} for n in range(20)]
    ).encode(),
    "select.csv": b"select;table\n1;2\n3;4\n",
    "köln.csv": "id,Stadt\n1,M\xfcnchen\n2,K\xf6ln\n".encode("latin-1"),
    "utf16.csv": "id\tname\n1\tä\n2\tö\n".encode("utf-16"),
    "naked_utf16.csv": "id,name\n1,a\n2,b\n".encode("utf-16-le"),
    "packed.csv": gzip.compress(b"id,name\n1,a\n2,b\n"),
    "index.csv": b",a,b\n0,x,1.5\n1,y,2.5\n",
    "one.csv": b"name\nAda\nBo\n",
    "titled.csv": b"Report of May,,\n\nid,name,size\n1,a,2\n2,b,3\n",
    "names.csv": 'xmin,"a""b",ID,id,user,日付\n1,2,3,4,5,6\n8,9,1,2,3,4\n'.encode(),
    "quotes.csv": b"id,it's\\\n1,\"a\n--b\"\n2,''\n",
    "numbers.csv": b"big,tiny,exp,code,money,neg\n"
    b"9223372036854775808,0.0000001,1.5e-7,12E4,$1,(5)\n"
    b"1,2,3,7,$2,6\n",
    "words.csv": b"n,d,u\n-,NULL,6F9619FF-8B86-D011-B42D-00C04FC964FF\n4,2020-02-29,-\n",
    "times.csv": b"t,s,z,d\n9:05,2020-01-01 10:00:00,2020-01-01T10:00:00+02,31 Jan 2020\n"
    b"23:59:59,2020-01-01 10:00:00.5,2020-01-01T10:00:00Z,1 Feb 2020\n",
    "pairs.csv": b"order_id,line_no,x\n" + b"1,1,x\n1,2,x\n2,1,x\n2,2,x\n",
    "copy.tsv": b"1\ta\\tb\t\\N\n2\t\\N\t0.5\n3\tc\\\\\t7\n",
    "hive.txt": b"1\x01a, b\x01\\N\n2\x01\\N\x012020-02-29\n",
    "spark.csv": b'id,said\n1,"a \\"b\\", c"\n2,"d\\\\"\n',
    "single_quotes.csv": b"id;name\n1;'a; b'\n2;'it''s'\n",
    "no_quotes.txt": b'id|size\n1|5" pipe\n2|7\n',
    "empty_cells.csv": b'a,b,c\n"",,1\nx,"",2\n',
    "json_in_csv.csv": b'id,data\n1,"{""a"": [1, 2]}"\n2,[]\n',
}
