it('says the name', () => {
    assert.strictEqual(petName({ name: 'Rex', kind: 'dog' }), 'Rex the dog');
});
