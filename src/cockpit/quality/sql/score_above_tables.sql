-- Scores of sources, of the company and of owners from those of tables, then the overall score of everything.
delete from quality.score_daily
where day = %(day)s and (level in ('company', 'source') or (level = 'owner' and entity = '') or dimension = 'overall');

create temporary table importance on commit drop as
select
    each.source,
    each.entity,
    each.weight
from jsonb_to_recordset(cast(%(importance)s as jsonb)) as each (source text, entity text, weight numeric);

insert into quality.score_daily (day, level, source, dimension, score)
select
    score.day,
    'source',
    score.source,
    score.dimension,
    sum(score.score * importance.weight) / sum(importance.weight)
from quality.score_daily as score
inner join importance on score.source = importance.source and score.entity = importance.entity
where score.day = %(day)s and score.level = 'entity' and importance.weight > 0
group by score.day, score.source, score.dimension;

insert into quality.score_daily (day, level, dimension, score)
select
    score.day,
    'company',
    score.dimension,
    sum(score.score * importance.weight) / sum(importance.weight)
from quality.score_daily as score
inner join importance on score.source = importance.source and score.entity = importance.entity
where score.day = %(day)s and score.level = 'entity' and importance.weight > 0
group by score.day, score.dimension;

-- Of a person each value counts the same.
insert into quality.score_daily (day, level, owner, dimension, good, total, score)
select
    score.day,
    'owner',
    score.owner,
    score.dimension,
    sum(score.good),
    sum(score.total),
    sum(score.good) / sum(score.total)
from quality.score_daily as score
where score.day = %(day)s and score.level = 'owner' and score.entity <> ''
group by score.day, score.owner, score.dimension;

insert into quality.score_daily (day, level, source, entity, column_name, owner, dimension, score)
select
    score.day,
    score.level,
    score.source,
    score.entity,
    score.column_name,
    score.owner,
    'overall',
    sum(score.score * each.weight) / sum(each.weight)
from quality.score_daily as score
inner join jsonb_to_recordset(cast(%(weights)s as jsonb)) as each (dimension text, weight numeric)
    on score.dimension = each.dimension
where score.day = %(day)s and each.weight > 0
group by score.day, score.level, score.source, score.entity, score.column_name, score.owner;
