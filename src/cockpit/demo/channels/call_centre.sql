-- The call centre's software keeps its data in one SQLite file. Times are local texts without zone; last_change is
-- empty for calls that nobody has edited.
create table agent (
    agent_no text primary key,
    agent_name text,
    team text
);

create table call_record (
    call_id integer primary key,
    direction text,
    phone_no text,
    agent_no text,
    started text,
    minutes real,
    satisfaction integer,
    topic text,
    order_no text,
    note text,
    last_change text
);

create index call_record_last_change on call_record (last_change);
