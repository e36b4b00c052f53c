-- A total grows by what a fill or a simulated day adds.
insert into truth.channel_figure (system, entity, figure, value)
values (%(system)s, %(entity)s, %(figure)s, %(value)s)
on conflict (system, entity, figure) do update set value = channel_figure.value + excluded.value
