-- A wrong row that a form post planted; posting again changes nothing.
insert into truth.anomaly (system, kind, entity, key)
values (%(system)s, %(kind)s, %(entity)s, %(key)s)
on conflict do nothing
